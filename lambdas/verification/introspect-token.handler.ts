export async function handler(): Promise<never> {
  throw new Error('IntrospectToken is not written');
}
