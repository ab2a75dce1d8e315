export async function handler(): Promise<never> {
  throw new Error('EvaluateAccess is not written');
}
