import { noPostgres, startOrdersDatabase } from '../support/orders-database.ts';
import { type ConnectorWorld, connectorContract } from './connector-contract.ts';

async function start(): Promise<ConnectorWorld> {
  const database = await startOrdersDatabase();
  return {
    ...database,
    permissions: [['orders:read'], ['orders:write', 'orders:migrate']],
    whileDown: database.server.whileDown,
    administratorSecrets: [database.server.administrator.password],
  };
}

connectorContract('postgres', noPostgres === undefined ? start : undefined);
