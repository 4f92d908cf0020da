/**
 * Extends the package's base class, and overrides each of its methods that does I/O: the originals end the process on
 * any watch error.
 */
import OperatorPackage from "@dot-i/k8s-operator";

// CommonJS: Node gives {default: class} as the default import, bundlers and vitest unwrap it.
const Base =
  (OperatorPackage as { default?: typeof OperatorPackage.default }).default ??
  (OperatorPackage as unknown as typeof OperatorPackage.default);

/** The service that the shell starts and stops. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const unsupported = (method: string) => (): Promise<never> =>
  Promise.reject(new Error(`${method} of the base class is not supported: operator/kubernetes/ does all I/O`));

/** Starts the service, and stops it after the work in flight. */
export class ClaudeRunOperator extends Base {
  readonly #service: Service;
  readonly #stopped = Promise.withResolvers<undefined>();
  /** Resolves after `stop`, once the work in flight has ended. */
  readonly stopped: Promise<void> = this.#stopped.promise;

  constructor(service: Service, logger: ConstructorParameters<typeof Base>[0]) {
    super(logger);
    this.#service = service;
  }

  protected override init(): Promise<void> {
    return this.#service.start();
  }

  /** Returns at once, as the base class requires; see `stopped`. */
  override stop(): void {
    this.#stopped.resolve(this.#service.stop().then(() => undefined));
  }

  protected override registerCustomResourceDefinition = unsupported("registerCustomResourceDefinition");
  protected override watchResource = unsupported("watchResource");
  protected override setResourceStatus = unsupported("setResourceStatus");
  protected override patchResourceStatus = unsupported("patchResourceStatus");
  protected override setResourceFinalizers = unsupported("setResourceFinalizers");
}
