package dev.perennial.store;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.TreeMap;

/** What lies beside a store's commits and belongs to it, such as a library of bricks: files that appear by a rename. */
final class Beside {
  private static final String KEEP = "keep";

  private Beside() {}

  /** The files under some names of the store's directory, by path; those that are being written, {@code .name}, not. */
  static TreeMap<String, Path> files(Path store, List<String> names) throws IOException {
    var files = new TreeMap<String, Path>();
    for (String name : names) {
      Path root = store.resolve(name);
      if (Files.exists(root)) {
        Files.walkFileTree(
            root,
            new SimpleFileVisitor<>() {
              @Override
              public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                return isUnfinished(directory) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
              }

              @Override
              public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && !isUnfinished(file)) {
                  files.put(store.relativize(file).toString().replace('\\', '/'), file);
                }
                return FileVisitResult.CONTINUE;
              }
            });
      }
    }
    Path keep = store.resolve(KEEP);
    if (Files.exists(keep)) {
      files.put(KEEP, keep);
    }
    return files;
  }

  private static boolean isUnfinished(Path path) {
    String name = String.valueOf(path.getFileName());
    return name.startsWith(".") || name.endsWith(".tmp");
  }
}
