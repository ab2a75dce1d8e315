export async function handler(): Promise<never> {
  throw new Error('VerifyRequester is not written');
}
