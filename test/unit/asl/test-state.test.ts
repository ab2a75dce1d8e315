import { expect, it } from 'vitest';
import { createWorkbench } from './workbench.ts';

const pass = '{"QueryLanguage":"JSONata","Type":"Pass","End":true}';

it('refuses to test a state in JSONPath, or with input that is no JSON', async () => {
  const { engine } = createWorkbench();
  await expect(engine.testState({ definition: '{"Type":"Pass","End":true}' })).rejects.toMatchObject({
    code: 'InvalidDefinition',
  });
  await expect(engine.testState({ definition: pass, input: '{' })).rejects.toMatchObject({
    code: 'InvalidExecutionInput',
  });
});
