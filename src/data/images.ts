/** Images with labels from files: MNIST and its relatives, and the digits of 8 × 8 pixels. */
import { checkOptions, fail, type Names, wholeNumber } from "../checks.js";
import { textOf } from "../files/file-kind.js";
import { type IdxArray, readIdx } from "../files/idx.js";
import { limits } from "../files/limits.js";
import { quoted } from "../quoted.js";
import { type DataFile, readDataFile } from "./data-file.js";
import { partOf, type SampleValues } from "./sample-values.js";

/** Images, whose values lie in [0, 1], with labels. */
export type LabelledImages = SampleValues & { readonly labels: Int32Array };

/** Which images of a file are taken; default all. */
export interface PartOptions {
  /** The number of the first, from 0. */
  readonly from?: number;
  readonly count?: number;
}

const partNames: Names<PartOptions> = { from: true, count: true };

function chosen(all: LabelledImages, options: PartOptions): LabelledImages {
  checkOptions("", options, partNames);
  const from = wholeNumber("from", options.from ?? 0, 0, all.count);
  return partOf(all, from, options.count ?? all.count - from) as LabelledImages;
}

function checkShape(wanted: number, what: string, { shape }: IdxArray): void {
  if (shape.length === wanted) return;
  throw new Error(`has ${shape.length} dimensions [${shape.join(", ")}], and ${what} have ${wanted}`);
}

export interface IdxFiles {
  /** `train-images-idx3-ubyte`, for example; packed by gzip or not. */
  readonly images: DataFile;
  /** `train-labels-idx1-ubyte`. */
  readonly labels: DataFile;
}

const fileNames: Names<IdxFiles> = { images: true, labels: true };

/**
 * Images and labels from files of the idx format: Fashion-MNIST (H. Xiao, K. Rasul & R. Vollgraf 2017), MNIST (Y. LeCun et al. 1998),
 * EMNIST, KMNIST. Pixels are bytes, which are scaled to [0, 1].
 * @throws SaltationError `invalid-input` that names the file.
 */
export async function fashionMnist(files: IdxFiles, part: PartOptions = {}): Promise<LabelledImages> {
  checkOptions("files", files, fileNames);
  const { shape, data } = await readDataFile("files.images", files.images, (bytes) => {
    const images = readIdx(bytes);
    checkShape(3, "images", images);
    return images;
  });
  const [count, height, width] = shape as [number, number, number];
  const labels = await readDataFile("files.labels", files.labels, (bytes) => {
    const read = readIdx(bytes);
    checkShape(1, "labels", read);
    if (read.shape[0] !== count) throw new Error(`holds ${read.shape[0]} labels of ${count} images`);
    return Int32Array.from(read.data);
  });
  if (count > limits.lists || height * width < 1) fail("files.images", `holds ${count} images of ${height} × ${width}`);
  return chosen({ values: data, scale: 1 / 255, size: height * width, shape: [height, width], count, labels }, part);
}

/** Pixels, and the label after them, on a line of the digits. */
const pixels = 64;
const highest = 16;

/**
 * Digits of 8 × 8 pixels (E. Alpaydin & C. Kaynak, Optical recognition of handwritten digits, UCI 1998), as scikit-learn has 1797 of
 * them (`digits.csv.gz`): 64 values from 0 to 16 and the digit on a line, parted by commas. Values are scaled to [0, 1].
 * @throws SaltationError `invalid-input` that names the file, and the line.
 */
export function digits8x8(file: DataFile, part: PartOptions = {}): Promise<LabelledImages> {
  return readDataFile("file", file, (bytes) => {
    if (bytes.length > limits.json) throw new Error("is too long for a table of digits");
    const lines = textOf(bytes)
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "");
    if (lines.length === 0) throw new Error("is empty");
    const values = new Uint8Array(pixels * lines.length);
    const labels = new Int32Array(lines.length);
    lines.forEach((line, s) => {
      const cells = line.split(",");
      if (cells.length !== pixels + 1) {
        throw new Error(`has ${cells.length} columns in line ${s + 1}, and digits have ${pixels} pixels and a label`);
      }
      cells.forEach((cell, i) => {
        const value = cell.trim() === "" ? Number.NaN : Number(cell);
        const most = i < pixels ? highest : 9;
        if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
          throw new Error(`has ${quoted(cell)} in line ${s + 1}, where a whole number from 0 to ${most} is wanted`);
        }
        if (i < pixels) values[pixels * s + i] = value;
        else labels[s] = value;
      });
    });
    const shape = { size: pixels, shape: [8, 8], count: lines.length };
    return { values, scale: 1 / highest, ...shape, labels };
  }).then((all) => chosen(all, part));
}
