/** The base class the project chose, with every method of it that does I/O overridden: as shipped it ends the process on any watch error. */
import OperatorPackage from "@dot-i/k8s-operator";

// CommonJS: Node gives {default: class} as the default import, bundlers and vitest unwrap it.
const Base =
  (OperatorPackage as { default?: typeof OperatorPackage.default }).default ??
  (OperatorPackage as unknown as typeof OperatorPackage.default);

/** What the shell starts and stops. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const refuse = (what: string) => (): Promise<never> =>
  Promise.reject(new Error(`${what} of the base class is not used: operator/kubernetes/ does all I/O`));

/** The operator's outer life: init on start, and a stop that work in flight is waited for. */
export class ClaudeRunOperator extends Base {
  readonly #service: Service;
  readonly #stopped = Promise.withResolvers<undefined>();
  /** Resolves after a stop, once work in flight is done. */
  readonly stopped: Promise<void> = this.#stopped.promise;

  constructor(service: Service, logger: ConstructorParameters<typeof Base>[0]) {
    super(logger);
    this.#service = service;
  }

  protected override init(): Promise<void> {
    return this.#service.start();
  }

  /** Only begins the stop, as the base's returns nothing. */
  override stop(): void {
    this.#stopped.resolve(this.#service.stop().then(() => undefined));
  }

  protected override registerCustomResourceDefinition = refuse("registerCustomResourceDefinition");
  protected override watchResource = refuse("watchResource");
  protected override setResourceStatus = refuse("setResourceStatus");
  protected override patchResourceStatus = refuse("patchResourceStatus");
  protected override setResourceFinalizers = refuse("setResourceFinalizers");
}
