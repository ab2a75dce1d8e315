export async function handler(): Promise<never> {
  throw new Error('ReadApprovals is not written');
}
