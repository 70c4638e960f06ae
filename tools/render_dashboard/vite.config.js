// SPDX-License-Identifier: Apache-2.0
// Bundles the page that draws a dashboard.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}' },
  build: { chunkSizeWarningLimit: 20000 },
  logLevel: 'warn',
});
