// What the published schema and the documents that clients send are held to; each exception says why.
import graphql from "@graphql-eslint/eslint-plugin";

const language = (schema, documents) => ({
  languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema, documents } } },
  plugins: { "@graphql-eslint": graphql },
});
const { schema, documents } = { schema: "graphql/schema.graphql", documents: "graphql/operations/**/*.graphql" };
const naming = (kind) => graphql.configs[kind].rules["@graphql-eslint/naming-convention"][1];
const { EnumValueDefinition, ...schemaNames } = naming("flat/schema-recommended");
const { OperationDefinition, ...documentNames } = naming("flat/operations-recommended");

export default [
  {
    files: ["graphql/schema.graphql"],
    ...language(schema, documents),
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      // Codes of refusals and violations are the words that locks, REST and the command line say: ADR 57.
      "@graphql-eslint/naming-convention": [
        "error",
        {
          ...schemaNames,
          "EnumValueDefinition[parent.name.value!=/^(RefusalCode|ViolationCode)$/]": EnumValueDefinition,
        },
      ],
      // Values of an enum speak for themselves, or their enum speaks for them; the others are described where they are
      // declared. `@oneOf` is the specification's own, and printed without one.
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          ignoredSelectors: ["[type=DirectiveDefinition][name.value=oneOf]"],
        },
      ],
      // Lists of a few values, such as tags and violations, are no connections; and what is listed without being
      // found by its id, such as an event of somebody's, is no Node.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      // A list that is read from its start alone takes no `last`, such as the hits of a search.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // Most types are values and have no identity: connections, receipts, counts. What has one is an `ID!`, which
      // tests/schema/test_ids.py holds every field to.
      "@graphql-eslint/strict-id-in-types": "off",
      // An entry of the entity index has an id of its own, and the type and id of the entity that it is about.
      "@graphql-eslint/no-typename-prefix": "off",
      // A mutation always answers, with a receipt or a refusal. That every field of a query may be null is held by
      // tests/access/test_partial_answers.py; the rule does not tell the two apart.
      "@graphql-eslint/require-nullable-result-in-root": "off",
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      "@graphql-eslint/require-nullable-fields-with-oneof": "error",
    },
  },
  {
    files: ["graphql/operations/**/*.graphql"],
    ...language(schema, documents),
    rules: {
      ...graphql.configs["flat/operations-recommended"].rules,
      // What a company subscribes to is called so.
      "@graphql-eslint/naming-convention": [
        "error",
        {
          ...documentNames,
          "OperationDefinition[name.value!=/^(Tenant|Start|Cancel)Subscription$/]": OperationDefinition,
        },
      ],
    },
  },
];
