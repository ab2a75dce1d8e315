import type { Json } from './aws/service.ts';
import type { Template } from './cloud-assembly.ts';

/** What a template's references mean; `resolve` asks it. */
export interface References {
  /** The value of `Ref` for a resource or a pseudo parameter; undefined where there is none. */
  ref(name: string): Json | undefined;
  /** The value of `Fn::GetAtt`. */
  attribute(logicalId: string, attribute: string): Json;
  /** The value of `Fn::ImportValue`. */
  importValue(exportName: string): Json;
}

/**
 * Resolves the intrinsic functions in one value of a template
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
 * `where` names the value in errors. Undefined is `AWS::NoValue`.
 */
export function resolve(
  value: Json,
  template: Template,
  references: References,
  where: string,
): Json | undefined {
  const fail = (message: string): never => {
    throw new Error(`${where}: ${message}`);
  };

  const visit = (node: Json): Json | undefined => {
    if (typeof node === 'string' && node.includes('{{resolve:'))
      return fail(`dynamic references are not supported by the local runtime: ${node}`);
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map(visit).filter((item) => item !== undefined);
    const [name, ...others] = Object.keys(node);
    if (name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
      const intrinsic = intrinsics[name];
      return intrinsic
        ? intrinsic(node[name] ?? null)
        : fail(`the local runtime does not know the intrinsic function ${name}`);
    }
    return Object.fromEntries(
      Object.entries(node).flatMap(([key, member]) => {
        const resolved = visit(member);
        return resolved === undefined ? [] : [[key, resolved]];
      }),
    );
  };

  const text = (node: Json | undefined): string => {
    const resolved = node === undefined ? undefined : visit(node);
    return typeof resolved === 'string' || typeof resolved === 'number' || typeof resolved === 'boolean'
      ? String(resolved)
      : fail(`expected a string, found ${JSON.stringify(node)}`);
  };

  const list = (node: Json | undefined): Json[] => {
    const resolved = node === undefined ? undefined : visit(node);
    return Array.isArray(resolved) ? resolved : fail(`expected a list, found ${JSON.stringify(node)}`);
  };

  const ref = (name: string): Json | undefined => {
    if (name === 'AWS::NoValue') return undefined;
    const parameter = template.Parameters?.[name];
    if (parameter?.Type.startsWith('AWS::SSM::'))
      return fail(`there is no parameter store for the parameter ${name}`);
    return parameter?.Default ?? references.ref(name) ?? fail(`Ref to ${name}, which the template has not`);
  };

  const substitute = (format: string, variables: { [name: string]: Json }): string =>
    format.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      const dot = name.indexOf('.');
      if (variables[name] !== undefined) return text(variables[name]);
      return text(dot === -1 ? ref(name) : references.attribute(name.slice(0, dot), name.slice(dot + 1)));
    });

  const condition = (node: Json | undefined): boolean => {
    const resolved =
      node !== null && typeof node === 'object' && !Array.isArray(node) && 'Condition' in node
        ? namedCondition(text(node['Condition']))
        : node === undefined
          ? undefined
          : visit(node);
    return typeof resolved === 'boolean'
      ? resolved
      : fail(`expected a condition, found ${JSON.stringify(node)}`);
  };

  const namedCondition = (name: string): boolean =>
    condition(template.Conditions?.[name] ?? fail(`there is no condition ${name}`));

  const items = (node: Json): Json[] => (Array.isArray(node) ? node : fail('expected a list of arguments'));

  const intrinsics: Readonly<Record<string, (argument: Json) => Json | undefined>> = {
    Ref: (argument) => ref(text(argument)),
    'Fn::GetAtt': (argument) => {
      const [logicalId, attribute] =
        typeof argument === 'string' ? argument.split(/\.(.*)/s) : items(argument).map(text);
      return references.attribute(logicalId ?? '', attribute ?? '');
    },
    'Fn::Sub': (argument) => {
      if (typeof argument === 'string') return substitute(argument, {});
      const [format, variables] = items(argument);
      return typeof format === 'string' &&
        variables !== null &&
        typeof variables === 'object' &&
        !Array.isArray(variables)
        ? substitute(format, variables)
        : fail('Fn::Sub takes a string, or a string and its variables');
    },
    'Fn::Join': (argument) => {
      const [delimiter, values] = items(argument);
      return list(values).map(text).join(text(delimiter));
    },
    'Fn::Select': (argument) => {
      const [index, values] = items(argument);
      return list(values)[Number(text(index))] ?? fail(`Fn::Select has no item ${text(index)}`);
    },
    'Fn::Split': (argument) => {
      const [delimiter, value] = items(argument);
      return text(value).split(text(delimiter));
    },
    'Fn::ImportValue': (argument) => references.importValue(text(argument)),
    'Fn::FindInMap': (argument) => {
      const [map, first, second] = items(argument).map(text);
      return (
        template.Mappings?.[map ?? '']?.[first ?? '']?.[second ?? ''] ??
        fail(`Fn::FindInMap finds nothing at ${map}.${first}.${second}`)
      );
    },
    'Fn::If': (argument) => {
      const [name, whenTrue, whenFalse] = items(argument);
      return visit((namedCondition(text(name)) ? whenTrue : whenFalse) ?? null);
    },
    'Fn::Equals': (argument) => {
      const [left, right] = items(argument);
      return text(left) === text(right);
    },
    'Fn::And': (argument) => items(argument).every(condition),
    'Fn::Or': (argument) => items(argument).some(condition),
    'Fn::Not': (argument) => !condition(items(argument)[0]),
  };

  return visit(value);
}
