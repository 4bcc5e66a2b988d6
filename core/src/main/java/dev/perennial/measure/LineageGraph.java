package dev.perennial.measure;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was made of what: a graph in which every edge goes to a later layer.
 *
 * <p>A parent that is not among the bricks has a node too, which says so. So has one that closes a circle, which only
 * files that were written by hand can hold: its second node breaks the circle.
 *
 * @param nodes of each brick in the order given, then those that stand for absent parents
 * @param edges every brick's parents
 */
record LineageGraph(List<Node> nodes, List<Edge> edges) {

  /**
   * A brick, or the name of one.
   *
   * @param name as bricks have it, or as children name it
   * @param brick null where there is none to show
   * @param absence why there is none, in words; empty where there is one
   * @param layer 0 where it has no parents, and else one more than the last layer of them
   */
  record Node(String name, @Nullable BrickRow brick, String absence, int layer) {}

  /**
   * A step from brick to brick.
   *
   * @param parent index of a node
   * @param child index of a node
   */
  record Edge(int parent, int child) {}

  /** The graph of bricks. O(bricks + parents) where there are no circles. */
  static LineageGraph of(List<BrickRow> bricks) {
    return new Building(bricks).graph();
  }

  /** Layers by Kahn's order: a node is ready when all its parents have their layers. */
  private static final class Building {
    private final List<BrickRow> bricks;
    private final List<List<Integer>> parents = new ArrayList<>();
    private final List<List<Integer>> children = new ArrayList<>();
    private final Map<String, Integer> absent = new LinkedHashMap<>();
    private final List<Node> absentNodes = new ArrayList<>();
    private final List<Edge> edges = new ArrayList<>();
    private final int[] layers;
    private final ArrayDeque<Integer> ready = new ArrayDeque<>();

    private Building(List<BrickRow> bricks) {
      this.bricks = bricks;
      layers = new int[bricks.size()];
      var places = new HashMap<String, Integer>();
      for (int i = 0; i < bricks.size(); i++) {
        places.putIfAbsent(bricks.get(i).name(), i);
        parents.add(new ArrayList<>());
        children.add(new ArrayList<>());
      }
      for (int i = 0; i < bricks.size(); i++) {
        for (String name : bricks.get(i).parents().stream().distinct().toList()) {
          Integer parent = places.get(name);
          if (parent == null) {
            addAbsent(name, "not in this store", i);
          } else {
            parents.get(i).add(parent);
            children.get(parent).add(i);
          }
        }
      }
    }

    private void addAbsent(String name, String absence, int child) {
      int node = absent.computeIfAbsent(absence + " " + name, key -> {
        absentNodes.add(new Node(name, null, absence, 0));
        return bricks.size() + absentNodes.size() - 1;
      });
      edges.add(new Edge(node, child));
      layers[child] = Math.max(layers[child], 1);
    }

    private LineageGraph graph() {
      var waiting = new HashSet<Integer>();
      for (int i = 0; i < bricks.size(); i++) {
        if (parents.get(i).isEmpty()) {
          ready.add(i);
        } else {
          waiting.add(i);
        }
      }
      while (!waiting.isEmpty() || !ready.isEmpty()) {
        Integer parent = ready.poll();
        if (parent == null) {
          breakCircle(waiting);
          continue;
        }
        for (Integer child : children.get(parent)) {
          edges.add(new Edge(parent, child));
          layers[child] = Math.max(layers[child], layers[parent] + 1);
          parents.get(child).remove(parent);
          makeReady(child, waiting);
        }
      }
      var nodes = new ArrayList<Node>();
      for (int i = 0; i < bricks.size(); i++) {
        nodes.add(new Node(bricks.get(i).name(), bricks.get(i), "", layers[i]));
      }
      nodes.addAll(absentNodes);
      return new LineageGraph(List.copyOf(nodes), List.copyOf(edges));
    }

    private void makeReady(Integer node, HashSet<Integer> waiting) {
      if (parents.get(node).isEmpty()) {
        waiting.remove(node);
        ready.add(node);
      }
    }

    /** From parent to parent, from any that waits, comes round to a node of a circle: its first parent is cut off. */
    private void breakCircle(HashSet<Integer> waiting) {
      var seen = new HashSet<Integer>();
      Integer at = waiting.stream().min(Integer::compare).orElseThrow();
      while (seen.add(at)) {
        at = parents.get(at).getFirst();
      }
      Integer parent = parents.get(at).removeFirst();
      children.get(parent).remove(at);
      addAbsent(bricks.get(parent).name(), "comes round again", at);
      makeReady(at, waiting);
    }
  }
}
