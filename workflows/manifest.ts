/**
 * The workflows, and the function behind each Task state. From this table come the placeholders of the ASL
 * files (`${MintCredentialFunctionArn}`), what a state machine may invoke, and the tests of the naming rule:
 * state `MintCredential`, function `MintCredential`, file `lambdas/minting/mint-credential.handler.ts`.
 */
export const workflows = {
  'request-access': {
    VerifyRequester: 'verification',
    DecideAccess: 'decision',
    RequestStepUp: 'decision',
    RequestApproval: 'approval',
    SettleApproval: 'approval',
    MintCredential: 'minting',
    HoldGrant: 'minting',
    RevokeCredential: 'revocation',
    CloseGrant: 'revocation',
    RecordUnrevoked: 'revocation',
    RecordFailure: 'requests',
  },
  'contain-incident': {
    FreezeScope: 'revocation',
    TraceScope: 'revocation',
    EndRights: 'revocation',
    RevokeGrants: 'revocation',
    CloseSessions: 'revocation',
    RotateExposedSecrets: 'revocation',
    ConfirmContainment: 'revocation',
    ReleaseGrants: 'revocation',
    SignalReceivers: 'revocation',
    ReportContainment: 'revocation',
    HandOverContainment: 'revocation',
  },
  'rotate-secret': {
    CreatePending: 'rotation',
    SetPending: 'rotation',
    TestPending: 'rotation',
    FinishRotation: 'rotation',
    RetirePrevious: 'rotation',
    RollBackRotation: 'rotation',
    RecordRotationFailure: 'rotation',
  },
} as const satisfies Record<string, Record<string, string>>;

export type WorkflowName = keyof typeof workflows;

/** `request-access` → `RequestAccess`, the name of its construct. */
export function pascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `MintCredential` → `mint-credential`, the name of its files. */
export function kebabCase(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
}
