export async function handler(): Promise<never> {
  throw new Error('CloseGrant is not written');
}
