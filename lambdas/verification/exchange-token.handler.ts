export async function handler(): Promise<never> {
  throw new Error('ExchangeToken is not written');
}
