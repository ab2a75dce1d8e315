export async function handler(): Promise<never> {
  throw new Error('MintCredential is not written');
}
