/** Hands a file to the person. */
export function saved(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken the file when the next tasks run; the address would keep it in memory.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
