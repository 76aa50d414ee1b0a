import { defineConfig } from 'orval';

type Schema = { $ref?: string; allOf?: Schema[]; nullable?: boolean };

/**
 * openapi.yaml writes a field of a named type as `allOf` that type, with a description beside it. Read to the letter, each such
 * field would get a type of its own: here it is that type, or null.
 */
function plainReferences(part: unknown): unknown {
  if (Array.isArray(part)) {
    return part.map(plainReferences);
  }
  if (typeof part !== 'object' || part === null) {
    return part;
  }
  const { allOf, nullable } = part as Schema;
  const [reference, ...rest] = allOf ?? [];
  if (reference?.$ref !== undefined && !rest.some((other) => '$ref' in other || 'type' in other)) {
    return nullable === true ? { nullable, allOf: [reference] } : reference;
  }
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, plainReferences(value)]));
}

// The client is generated whole: nothing under src/generated is edited by hand.
export default defineConfig({
  veza: {
    input: {
      target: '../openapi.yaml',
      // Providers call these, not clients.
      filters: { mode: 'exclude', tags: ['Webhooks'] },
      override: { transformer: (spec) => plainReferences(spec) as typeof spec },
    },
    output: {
      target: 'src/generated/veza.ts',
      schemas: 'src/generated/model',
      mode: 'tags-split',
      client: 'fetch',
      headers: true,
      clean: true,
      override: {
        header: () => ['Generated from openapi.yaml by `make openapi`; edits are lost.'],
        mutator: { path: 'src/http.ts', name: 'http' },
        useTypeOverInterfaces: true,
      },
    },
  },
});
