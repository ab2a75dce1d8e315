import type { Target } from '../platform/deployment.ts';
import type { Connector } from './connector.port.ts';

/** The connectors that a function has, by kind. */
export type Connectors = Readonly<Record<Target['connector'], Connector>>;
