// The catalog of Backstage with its static tokens and its guest, and nothing else.
const { createBackend } = require('@backstage/backend-defaults');

const backend = createBackend();
for (const plugin of [
  '@backstage/plugin-catalog-backend',
  '@backstage/plugin-catalog-backend-module-unprocessed',
  '@backstage/plugin-auth-backend',
  '@backstage/plugin-auth-backend-module-guest-provider',
]) {
  backend.add(require(plugin));
}
backend.start();
