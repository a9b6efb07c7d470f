/** How much of a stream is held before it goes into a Blob, which the browser may keep on disk. */
const PIECE = 4 << 20;

/** A stream as one Blob. Unlike Response.blob() it rejects with the stream's own error in every browser. */
export async function collect(stream: ReadableStream<Uint8Array>): Promise<Blob> {
  const blobs: Blob[] = [];
  let held: BlobPart[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    held.push(value as Uint8Array<ArrayBuffer>);
    size += value.length;
    if (size < PIECE) continue;
    blobs.push(new Blob(held));
    held = [];
    size = 0;
  }
  return new Blob([...blobs, ...held]);
}

/** Calls a function with the length of each piece that passes; what it throws ends the stream. */
export function counting(passed: (bytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      passed(chunk.length);
      controller.enqueue(chunk);
    },
  });
}
