export async function handler(): Promise<never> {
  throw new Error('RecordUnrevoked is not written');
}
