export async function handler(): Promise<never> {
  throw new Error('ClaimCredential is not written');
}
