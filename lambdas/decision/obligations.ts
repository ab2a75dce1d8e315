import { acrOf } from '../verification/assurance.ts';
import type { Obligations } from './access-decision.ts';

/** What would turn the denial into a permit, as AuthZEN's obligations profile writes it. */
export function obligationsOf({ approvals, stepUpAal }: Obligations) {
  return [
    ...(stepUpAal === undefined
      ? []
      : [{ id: 'step-up', type: 'step-up', properties: { acr_value: acrOf(stepUpAal) ?? '' } }]),
    ...approvals.map(({ approvers, quorum, approverAal }, index) => ({
      id: `approval-${index + 1}`,
      type: 'approval',
      properties: { approvers, quorum, approver_acr: acrOf(approverAal) ?? '' },
    })),
  ];
}
