/** Numbers of WebGPU's interface, for where there is the interface but not its globals. */
export const bufferUsage = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const;

/** Of compute shaders. */
export const computeStage = 0x4;

export const mapRead = 0x1;
