import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page and the API have one origin for the browser, so that no CORS is needed.
const target = process.env.HEADWATER_URL ?? "http://127.0.0.1:8000";
const proxy = {
  "/graphql": { target, changeOrigin: true, ws: true },
  "/auth": { target, changeOrigin: true },
};

export default defineConfig({
  plugins: [react()],
  // The cache brings the schema with it.
  build: { chunkSizeWarningLimit: 1000 },
  server: { proxy },
  preview: { proxy },
});
