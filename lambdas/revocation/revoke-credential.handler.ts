export async function handler(): Promise<never> {
  throw new Error('RevokeCredential is not written');
}
