import type { Json, JsonObject } from './aws/service.ts';
import type { Stack, TemplateResource } from './cloud-assembly.ts';
import { type References, resolve } from './intrinsics.ts';
import type { DeclaredResource, Identity, ResourceType } from './resources/resource-type.ts';

/** A resource of one stack with its type. */
export interface ScopedResource {
  readonly logicalId: string;
  readonly typeName: string;
  readonly type: ResourceType;
  readonly declared: DeclaredResource<unknown>;
}

/**
 * One stack, with its references resolved. As an identity depends on names alone, any resource can be referred
 * to before it is made.
 */
export class StackScope implements References {
  readonly #stack: Stack;
  readonly #types: Readonly<Record<string, ResourceType>>;
  readonly #exports: ReadonlyMap<string, Json>;
  readonly #resources = new Map<string, ScopedResource>();
  readonly #identities = new Map<string, Identity>();

  constructor(
    stack: Stack,
    types: Readonly<Record<string, ResourceType>>,
    exports: ReadonlyMap<string, Json>,
  ) {
    this.#stack = stack;
    this.#types = types;
    this.#exports = exports;
    for (const [logicalId, resource] of Object.entries(stack.template.Resources)) {
      if (this.#holds(resource.Condition, logicalId))
        this.#resources.set(logicalId, this.#declare(logicalId, resource));
    }
  }

  resources(): ScopedResource[] {
    return [...this.#resources.values()];
  }

  outputs(): { name: string; value: Json; exportName: string | undefined }[] {
    return Object.entries(this.#stack.template.Outputs ?? {}).flatMap(([name, output]) => {
      if (!this.#holds(output.Condition, name)) return [];
      const exportName = output.Export && String(this.#resolve(output.Export.Name, name));
      return [{ name, value: this.#resolve(output.Value, name) ?? null, exportName }];
    });
  }

  identity(logicalId: string): Identity {
    const known = this.#identities.get(logicalId);
    if (known !== undefined) return known;
    const resource = this.#resources.get(logicalId);
    if (resource === undefined)
      throw new Error(`${this.#stack.name}: there is no resource ${logicalId} to refer to`);
    const identity = resource.type.identify(resource.declared);
    this.#identities.set(logicalId, identity);
    return identity;
  }

  ref(name: string): Json | undefined {
    return (
      this.#pseudoParameters()[name] ?? (this.#resources.has(name) ? this.identity(name).ref : undefined)
    );
  }

  attribute(logicalId: string, attribute: string): Json {
    const value = this.identity(logicalId).attributes?.[attribute];
    if (value !== undefined) return value;
    const typeName = this.#resources.get(logicalId)?.typeName;
    throw new Error(
      `${this.#stack.name}/${logicalId}: the local runtime does not know the attribute ${attribute} of ${typeName}`,
    );
  }

  importValue(exportName: string): Json {
    const value = this.#exports.get(exportName);
    if (value !== undefined) return value;
    throw new Error(`${this.#stack.name}: no stack before it exports ${exportName}`);
  }

  #declare(logicalId: string, resource: TemplateResource): ScopedResource {
    const where = `${this.#stack.name}/${logicalId}`;
    const typeName = resource.Type;
    const type = this.#types[typeName];
    if (type === undefined)
      throw new Error(`${where}: the local runtime does not know the resource type ${typeName}`);
    const { name: stackName, accountId, region, assets } = this.#stack;
    let properties: { readonly checked: unknown } | undefined;
    const check = (): unknown => {
      const resolved = this.#resolve(resource.Properties ?? {}, logicalId) ?? {};
      const parsed = type.properties.safeParse(resolved);
      if (parsed.success) return parsed.data;
      const complaints = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
      throw new Error(
        `${where}: the local runtime does not honour this ${typeName}: ${complaints.join('; ')}`,
      );
    };
    const declared: DeclaredResource<unknown> = {
      stackName,
      logicalId,
      accountId,
      region,
      constructPath: String(resource.Metadata?.['aws:cdk:path'] ?? `${stackName}/${logicalId}`),
      metadata: resource.Metadata ?? {},
      get properties() {
        properties ??= { checked: check() };
        return properties.checked;
      },
      asset: (objectKey) => {
        const path = assets.get(objectKey);
        if (path !== undefined) return path;
        throw new Error(`${where}: the cloud assembly has no asset ${objectKey}`);
      },
    };
    return { logicalId, typeName, type, declared };
  }

  #holds(condition: string | undefined, where: string): boolean {
    return (
      condition === undefined || this.#resolve({ 'Fn::And': [{ Condition: condition }] }, where) === true
    );
  }

  #resolve(value: Json | JsonObject, where: string): Json | undefined {
    return resolve(value, this.#stack.template, this, `${this.#stack.name}/${where}`);
  }

  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
  #pseudoParameters(): Readonly<Record<string, Json>> {
    const { name, accountId, region } = this.#stack;
    return {
      'AWS::AccountId': accountId,
      'AWS::NotificationARNs': [],
      'AWS::Partition': 'aws',
      'AWS::Region': region,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/local`,
      'AWS::StackName': name,
      'AWS::URLSuffix': 'amazonaws.com',
    };
  }
}
