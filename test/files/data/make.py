"""Makes the HDF5 files of the tests with h5py: python3 test/files/data/make.py FOLDER

shd.h5 in this folder was made so (Debian's python3-h5py 3.7), as h5wasm writes no rows of different lengths.
"""

import pathlib
import sys

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])

# NWB 2: two units, and an injected current as int16 in pA with a conversion to A, from 0.5 s on, 10 kHz.
with h5py.File(folder / "cell.nwb", "w") as f:
    f.attrs["nwb_version"] = "2.6.0"
    units = f.create_group("units")
    units.attrs["neurodata_type"] = "Units"
    units["spike_times"] = np.array([0.5125, 0.53, 0.61, 0.52, 0.7])
    units["spike_times_index"] = np.array([3, 5], dtype="u1")
    units["id"] = np.array([7, 9])
    series = f.create_group("stimulus/presentation/current")
    series.attrs["neurodata_type"] = "CurrentClampStimulusSeries"
    data = series.create_dataset("data", data=np.arange(-100, 3900, dtype="i2"), compression="gzip", chunks=(500,))
    data.attrs["unit"] = "amperes"
    data.attrs["conversion"] = 1e-12
    begin = series.create_dataset("starting_time", data=0.5)
    begin.attrs["rate"] = np.float32(10000)
    begin.attrs["unit"] = "seconds"
    # With timestamps and an offset, big-endian; the conversion as the float32 that NWB's schema asks for.
    series = f.create_group("acquisition/voltage")
    data = series.create_dataset("data", data=np.array([10, 20, 40], dtype=">f8"))
    data.attrs["unit"] = "volts"
    data.attrs["conversion"] = np.float32(1e-3)
    data.attrs["offset"] = -0.07
    stamps = series.create_dataset("timestamps", data=np.array([0.25, 0.5, 0.75]))
    stamps.attrs["unit"] = "seconds"
    # Two channels with factors of their own, and three factors for two channels.
    for name, factors in [("electrodes", [2.0, 0.5]), ("factors", [1.0, 1.0, 1.0])]:
        series = f.create_group(f"acquisition/{name}")
        data = series.create_dataset("data", data=np.array([[1, 10], [2, 20], [3, 30]], dtype="i2"))
        data.attrs["unit"] = "volts"
        data.attrs["conversion"] = 1e-3
        data.attrs["offset"] = 0.25
        conversion = series.create_dataset("channel_conversion", data=np.array(factors, dtype="f4"))
        conversion.attrs["axis"] = np.int32(1)
        begin = series.create_dataset("starting_time", data=0.0)
        begin.attrs["rate"] = np.float32(4)
        begin.attrs["unit"] = "seconds"

# Units that were observed at some times only, big-endian; the second in two intervals that touch, and one later.
with h5py.File(folder / "intervals.nwb", "w") as f:
    f.attrs["nwb_version"] = "2.7.0"
    units = f.create_group("units")
    units["spike_times"] = np.array([0.5125, 0.53, 0.61, 0.52, 0.7], dtype=">f8")
    units["spike_times_index"] = np.array([3, 5], dtype=">u2")
    units["id"] = np.array([7, 9], dtype=">i8")
    units["obs_intervals"] = np.array([[0.5, 0.9], [0.5, 0.6], [0.6, 0.75], [0.8, 0.9]])
    units["obs_intervals_index"] = np.array([1, 4], dtype="u1")

# SHD: rows of half floats and unsigned integers, one a trial.
with h5py.File(folder / "shd.h5", "w") as f:
    spikes = f.create_group("spikes")
    times = spikes.create_dataset("times", (3,), dtype=h5py.vlen_dtype(np.float16))
    neurons = spikes.create_dataset("units", (3,), dtype=h5py.vlen_dtype(np.uint16))
    for row, (when, who) in enumerate([([0.25, 0.1, 0.9], [699, 0, 3]), ([], []), ([0.5], [12])]):
        times[row] = np.array(when, dtype="f2")
        neurons[row] = np.array(who, dtype="u2")
    f["labels"] = np.array([4, 0, 19], dtype="u2")

# SONATA: two populations; one is not in order of time.
with h5py.File(folder / "sonata.h5", "w") as f:
    f.attrs["magic"] = np.uint32(0x0A7A)
    for name, when, who in [("V1", [20.5, 3.25, 11.0], [2, 0, 2]), ("LGN", [1.0], [5])]:
        population = f.create_group(f"spikes/{name}")
        stamps = population.create_dataset("timestamps", data=np.array(when))
        stamps.attrs["units"] = "milliseconds"
        population["node_ids"] = np.array(who, dtype="u8")

# Compressed in a way that the HDF5 library does not bring.
with h5py.File(folder / "lzf.h5", "w") as f:
    f.create_dataset("current", data=np.arange(100.0), chunks=(50,), compression="lzf")
