// A test that nobody runs passes for ever, so a skipped one is a failure.
import type { Reporter, TestModule } from 'vitest/node';

export class NoSkips implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        process.stderr.write(`SKIPPED: ${module.moduleId}: ${test.fullName}\n`);
        process.exitCode = 1;
      }
    }
  }
}
