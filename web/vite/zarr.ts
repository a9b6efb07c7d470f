// What stands for zarrita in the built page. NiiVue reads Zarr stores with it, which no job of
// ours has, and with it come decoders of blosc, zstd and lz4: 460 kB of gzip in every copy of iris.

const none = (): never => {
  throw new Error('this page reads no Zarr');
};

export class FetchStore {
  constructor() {
    none();
  }
}
export const root = none;
export const open = none;
export const get = none;
export const slice = none;
