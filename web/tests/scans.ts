// Scans to upload: a synthetic torso as NIfTI, and as a folder of DICOM slices.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { axial, dicom, type Item } from '../src/upload/testing/dicom.ts';
import { nifti } from '../src/upload/testing/nifti.ts';

/** What the DICOM files say of a person: none of it may leave the browser. */
export const PERSON = 'ZZNAME^ZZGIVEN';

interface Series {
  uid: string;
  description: string;
  /** Every so many slices of the torso. */
  every?: number;
}

/** Writes series of a torso, a NIfTI file that `iris sample` made, as DICOM files of one folder. */
export async function dicomFolder(folder: string, torso: string, ...series: Series[]): Promise<string> {
  const bytes = gunzipSync(await readFile(torso));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [nx, ny, nz] = [42, 44, 46].map((at) => view.getInt16(at, true)) as [number, number, number];
  const [dx, dy, dz] = [80, 84, 88].map((at) => view.getFloat32(at, true)) as [number, number, number];
  const start = view.getFloat32(108, true);
  await mkdir(folder, { recursive: true });
  for (const [at, { uid, description, every = 1 }] of series.entries()) {
    for (let z = 0, n = 0; z < nz; z += every, n++) {
      // The columns of a slice run to the left and its rows to the back, the torso's to the right and the front.
      const pixels = Array.from({ length: nx * ny }, (_, p) => {
        const voxel = nx - 1 - (p % nx) + nx * (ny - 1 - Math.floor(p / nx) + ny * z);
        return Math.max(0, view.getInt16(start + 2 * voxel, true) + 1024);
      });
      const more: Item = [
        [0x00080018, 'UI', `${uid}.${n + 1}`],
        [0x0008103e, 'LO', description],
        [0x00100010, 'PN', PERSON],
        [0x00100020, 'LO', 'ZZPATIENT7'],
        [0x0020000e, 'UI', uid],
        [0x00200013, 'IS', String(n + 1)],
        [0x00200032, 'DS', `0\\0\\${(z * dz).toFixed(3)}`],
        [0x00280030, 'DS', `${dy.toFixed(4)}\\${dx.toFixed(4)}`],
        [0x7fe00010, 'OW', pixels],
      ];
      const file = dicom(axial(n, more, ny, nx));
      const name = `IM${String(at * 1000 + n).padStart(5, '0')}`;
      await writeFile(path.join(folder, name), Buffer.from(await file.arrayBuffer()));
    }
  }
  return folder;
}

/** Writes a NIfTI file of about so many bytes that no compression makes smaller. */
export async function incompressible(file: string, bytes: number): Promise<string> {
  const side = Math.floor((bytes / 2) ** (1 / 3));
  const noise = randomBytes(2 * side ** 3);
  const head = nifti({ dims: [side, side, side], spacing: [1, 1, 1], value: () => 0 });
  head.set(noise, head.length - noise.length);
  await writeFile(file, gzipSync(head, { level: 1 }));
  return file;
}
