# docker build .                  the API alone (npm run start:prod), as a production image
# docker build --target local .   the whole local stack (npm start); see docker-compose.yml
ARG NODE_IMAGE=node:24.21.0-slim

FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages

FROM manifests AS build
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# The optional packages are the Node for machines with an older one; an image is its own Node.
FROM manifests AS dependencies
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
COPY --from=dependencies /app ./
COPY --from=build /app/dist ./dist
COPY --from=build /app/packages/client/dist ./packages/client/dist
COPY --from=build /app/packages/doctor/dist ./packages/doctor/dist
COPY --from=build /app/packages/edge/dist ./packages/edge/dist
# The only place that is ever written to: the root file system may be read-only.
RUN install --directory --owner=node --group=node --mode=0700 /data
ENV HOST=0.0.0.0 DATA_DIR=/data
VOLUME /data
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "dist/cli/container-check.js"]

FROM runtime AS local
COPY --from=build /app/packages/local/dist ./packages/local/dist
ENV NODE_ENV=development
EXPOSE 3000 3001 3002 3003
CMD ["node", "dist/cli/edgepass.js", "start", "--container"]

FROM runtime AS api
ENV NODE_ENV=production
EXPOSE 3001
CMD ["node", "--disable-sigusr1", "--max-semi-space-size=8", "--max-old-space-size=256", "dist/cli/edgepass.js", "api"]
