import { expect, test } from 'vitest';
import { approvalLines } from '../../../cli/commands/approve.ts';
import { bundleLines } from '../../../cli/commands/request.ts';
import { approvalDocument } from '../../../lambdas/approval/approval-document.ts';
import { bundleTaskOf } from '../../../lambdas/requests/task.ts';
import { ISSUER, NOW, pendingApproval, submitted } from '../../support/access-case.ts';

test('an approver is shown for what thing, in which circumstances, and that it is urgent', () => {
  const resource = { type: 'todo', id: 'todo-7', properties: { ownerID: 'rick\u001b[2J' } };
  const approval = pendingApproval({ resource, circumstances: { branch: 'north' }, emergency: true });
  const shown = approvalLines(approvalDocument(approval)).join('\n');
  expect(shown).toMatch(/^thing {2,}todo todo-7 \{"ownerID":"rick\\u001b\[2J"\}$/m);
  expect(shown).toMatch(/^circumstances {2,}\{"branch":"north"\}$/m);
  expect(shown).toMatch(/^emergency {2,}its requester says so$/m);
});

test('several that were asked for together are shown one by one, and act on no terminal', () => {
  const request = submitted();
  const { id: requestId, principal, actors, txn } = request;
  const resource = { type: 'todo', id: 'todo-7\u001b[2J' };
  const items = [{ resource, action: 'can_delete_todo', requestId }];
  const bundle = {
    id: 'bundle-1',
    txn,
    principal,
    actors,
    items,
    unrecorded: [],
    createdAtEpochSeconds: NOW,
  };
  expect(bundleLines(bundleTaskOf(bundle, [{ request }], NOW, ISSUER))).toEqual([
    'bundle-1 pending',
    'pending  can_delete_todo  todo  todo-7\\u{1b}[2J  req-1',
  ]);
});
