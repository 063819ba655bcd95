// Shapes of parameters that more than one file has.

@description('Ids of action groups by severity: `1` wakes somebody, `2` is for the same day, `3` for the week.')
@export()
@sealed()
type ActionGroupIds = {
  '1': string[]?
  '2': string[]?
  '3': string[]?
}
