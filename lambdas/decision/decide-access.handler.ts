export async function handler(): Promise<never> {
  throw new Error('DecideAccess is not written');
}
