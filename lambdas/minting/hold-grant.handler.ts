export async function handler(): Promise<never> {
  throw new Error('HoldGrant is not written');
}
