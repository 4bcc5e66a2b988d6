package dev.perennial.tensor;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/**
 * The native tensor library: which BLAS it computes with.
 *
 * <p>libtorch is one to a process. One operation runs on one thread; work is spread over {@link Workers}, so that not
 * only matrix products but everything between them runs side by side, and so that a sum has one order, whatever the
 * load of the machine. Results are the same to the bit from run to run on the same machine.
 *
 * <p>MKL runs its AVX2 kernels on processors that are not Intel's, where OpenBLAS has AVX-512 ones but does not pick
 * them by itself. So MKL is the BLAS on Intel's processors, and OpenBLAS elsewhere, told which kernels to use
 * (docs/decisions/0003).
 */
public final class LibTorch {

  /** How long the end of the process waits for operations that are under way. */
  private static final Duration LAST_OPERATIONS = Duration.ofSeconds(10);

  private static final List<Thread> BEFORE_END = new CopyOnWriteArrayList<>();

  private static boolean loaded;

  private LibTorch() {}

  /**
   * Loads libtorch, the first time it is called. Takes a second or two, and longer the first time on a machine, when
   * the libraries are unpacked.
   *
   * @throws FailureException if there is no build of libtorch for this machine
   */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    // Native memory has owners: the limits that would make the garbage collector free it are off.
    System.setProperty("org.bytedeco.javacpp.maxBytes", "0");
    System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    if (useMkl()) {
      System.setProperty("org.bytedeco.openblas.load", "mkl_rt");
      setEnvironment("MKL_NUM_THREADS", "1");
    } else {
      setEnvironment("OPENBLAS_NUM_THREADS", "1");
      if (processor().contains(" avx512vl")) {
        setEnvironment("OPENBLAS_CORETYPE", "SkylakeX");
      }
    }
    setEnvironment("OMP_NUM_THREADS", "1");
    // oneDNN keeps a kernel of about 1 MB for each shape; by default 1,024 of them, which texts of all lengths fill.
    setEnvironment("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32");
    try {
      // All of them are unpacked before the first is loaded: else the linker may take a namesake of the system's.
      Loader.cacheResources("/org/bytedeco/pytorch/" + Loader.getPlatform());
      Loader.load(torch.class);
    } catch (UnsatisfiedLinkError | IOException e) {
      throw new FailureException(
          "expected a build of libtorch for " + Loader.getPlatform() + " on the class path, found none that loads ("
              + e.getMessage() + "): run on linux-x86_64, or add that platform's classifier to the build", e);
    }
    torch.set_num_threads(1);
    Runtime.getRuntime().addShutdownHook(
        Thread.ofPlatform().name("perennial-last-operations").unstarted(LibTorch::end));
    loaded = true;
  }

  /**
   * Has work done when the process is told to end, while operations may still begin; no others begin after it.
   *
   * @param work not started yet
   */
  public static void beforeEnd(Thread work) {
    load();
    BEFORE_END.add(work);
  }

  private static void end() {
    BEFORE_END.forEach(Thread::start);
    try {
      for (Thread work : BEFORE_END) {
        work.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Computing.NATIVE.endForGood(LAST_OPERATIONS);
  }

  /** The version of libtorch and the BLAS it computes with, for reports. */
  public static String version() {
    String asked = System.getenv("OPENBLAS_CORETYPE");
    String kernels = asked != null ? " for " + asked : processor().contains(" avx512vl") ? " for SkylakeX" : "";
    String blas = useMkl() ? "MKL" : "OpenBLAS" + kernels;
    return "libtorch 2.10.0, " + blas;
  }

  /**
   * Runs {@code work} with {@code threads} threads for each large matrix product or factorisation.
   *
   * <p>For work of one thread that is all linear algebra; no worker may run at the same time.
   */
  public static <T> T withBlasThreads(int threads, Supplier<T> work) {
    requireThreads(threads);
    load();
    openblas_nolapack.blas_set_num_threads(threads);
    try {
      return work.get();
    } finally {
      openblas_nolapack.blas_set_num_threads(1);
    }
  }

  /**
   * Runs {@code work} on this thread with {@code threads} threads for each operation: for a text that somebody waits for,
   * not for many, which workers share out better. Sums may be in another order than on one thread.
   */
  public static <T> T withOperationThreads(int threads, Supplier<T> work) {
    requireThreads(threads);
    load();
    torch.set_num_threads(threads);
    try {
      return work.get();
    } finally {
      torch.set_num_threads(1);
    }
  }

  private static void requireThreads(int threads) {
    if (threads < 1 || threads > 1024) {
      throw new UsageException("expected a number of threads between 1 and 1024, got " + threads);
    }
  }

  private static boolean useMkl() {
    return processor().contains("GenuineIntel")
        && LibTorch.class.getResource("/org/bytedeco/mkl/" + Loader.getPlatform() + "/libmkl_rt.so.2") != null;
  }

  private static String processor() {
    try {
      Path info = Path.of("/proc/cpuinfo");
      return Files.isReadable(info) ? Files.readString(info) : "";
    } catch (IOException e) {
      return "";
    }
  }

  /** Sets a variable of this process's environment, which the native libraries read when they are loaded. */
  private static void setEnvironment(String name, String value) {
    if (System.getenv(name) != null) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    var setenv = linker.downcallHandle(
        linker.defaultLookup().findOrThrow("setenv"),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
      if (status != 0) {
        throw new FailureException("the environment of this process is full: " + name + " could not be set");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("setenv takes two strings and a number", e);
    }
  }
}
