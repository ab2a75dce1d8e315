/** The package brings no types of its own. */
declare module 'asl-validator' {
  function validate(definition: object): { readonly errorsText: () => string };
  export = validate;
}
