/** Class name → [English, Spanish, group]. */
export function names(): Record<string, [string, string, string]>;
