export async function handler(): Promise<never> {
  throw new Error('SubmitAccessRequest is not written');
}
