import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../../graphql/schema.graphql",
  documents: "src/**/*.{ts,tsx}",
  ignoreNoDocuments: true,
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        defaultScalarType: "unknown",
        scalars: { ID: "string", DateTime: "string", Position: "string" },
      },
    },
    // What the cache must know of the schema: which types stand for a union, and what may be null.
    "src/gql/introspection.json": { plugins: ["urql-introspection"] },
  },
};

export default config;
