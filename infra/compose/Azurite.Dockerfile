# The storage emulator as the tests run it: its fixed version, and what keeps it quick as it fills (tests/azurite/steady.cjs).
FROM node:22-slim
WORKDIR /azurite
COPY tests/azurite/package.json tests/azurite/package-lock.json tests/azurite/steady.cjs ./
RUN npm ci --omit=optional --no-progress
USER node
ENTRYPOINT ["node", "--require", "./steady.cjs", "node_modules/azurite/dist/src/azurite.js"]
