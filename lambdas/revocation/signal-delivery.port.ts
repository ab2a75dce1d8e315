import type { SignalReceiver } from '../platform/deployment.ts';

/** Brings Security Event Tokens to their receivers. */
export interface SignalDelivery {
  /** @returns whether the receiver has confirmed that it has it; where it has not, the same is sent again */
  deliver(receiver: SignalReceiver, securityEventToken: string): Promise<boolean>;
}
