export async function handler(): Promise<never> {
  throw new Error('AuthorizeCaller is not written');
}
