export async function handler(): Promise<never> {
  throw new Error('RevokeToken is not written');
}
