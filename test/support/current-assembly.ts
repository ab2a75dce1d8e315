import { ensureAssembly } from '../../local/synthesise.ts';

/** Synthesises once before any test starts: making the assembly is not for two processes at once. */
export async function setup(): Promise<void> {
  await ensureAssembly();
}
