export async function handler(): Promise<never> {
  throw new Error('ReturnGrant is not written');
}
