import type { ExportQuery, Reader, Signed } from './client';
import { Problem, problemOf, Unreachable } from './problem';
import { sleep } from './sleep';

export interface Fetching {
  signal?: AbortSignal;
  /** Called with the bytes that have come, as the file has them without Content-Encoding. */
  onBytes?: (received: number) => void;
}

/** An artifact's bytes as they come, from S3, on another origin than the API's. */
export async function openArtifact(
  reader: Reader,
  name: string,
  { signal, onBytes }: Fetching = {},
): Promise<ReadableStream<Uint8Array>> {
  const { url } = await signed(reader, name, {}, signal);
  let answer: Response;
  try {
    // No header of ours: with one the browser would ask S3 for permission first.
    answer = await fetch(url, { ...(signal && { signal }), referrerPolicy: 'no-referrer', credentials: 'omit' });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(error);
  }
  if (!answer.ok) throw await problemOf(answer);
  if (!answer.body) throw new Unreachable('an answer without a body');
  if (!onBytes) return answer.body;
  let received = 0;
  return answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        received += chunk.byteLength;
        onBytes(received);
        controller.enqueue(chunk);
      },
    }),
  );
}

export async function readArtifact(reader: Reader, name: string, fetching?: Fetching): Promise<ArrayBuffer> {
  return new Response(await openArtifact(reader, name, fetching)).arrayBuffer();
}

/** An address of the artifact for an image or a download, which holds for some minutes. */
export async function addressOf(
  reader: Reader,
  name: string,
  query: ExportQuery = {},
  signal?: AbortSignal,
): Promise<string> {
  return (await signed(reader, name, query, signal)).url;
}

// An export is made within the quarter of an hour that a function may run.
const LONGEST_EXPORT = 16 * 60;

/** Signs, and waits for what is still being made. */
async function signed(reader: Reader, name: string, query: ExportQuery, signal?: AbortSignal): Promise<Signed> {
  for (let waited = 0; ; ) {
    const told = await reader.sign(name, query, signal);
    if (!('wait' in told)) return told;
    waited += told.wait;
    if (waited > LONGEST_EXPORT) throw new Problem(503, 'busy', 'the export is not made yet', told.wait);
    await sleep(told.wait * 1000, signal);
  }
}
