package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/** For each site the places of some numbers of its weight, row by row, each at most once. */
final class SparsePlaces {

  private final SequencedMap<Site, long[]> bySite = new LinkedHashMap<>();

  /** Places are found and put by site; a put replaces. */
  void put(Site site, long[] places) {
    bySite.put(site, places);
  }

  long[] at(Site site) {
    long[] places = bySite.get(site);
    if (places == null) {
      throw new IllegalArgumentException("no places at " + site.name());
    }
    return places;
  }

  /** The weight, {@code [out, in]}, that has {@code values} at these places and else zeros, with gradients. */
  Tensor weight(Site site, Tensor values) {
    long[] places = at(site);
    return Tensors.zeros((long) site.out() * site.in()).scatter(0, Tensors.longs(places, places.length), values)
        .view(site.out(), site.in());
  }

  /** As a brick keeps them, under names with that suffix. */
  Map<String, TensorData> state(String suffix) {
    var state = new LinkedHashMap<String, TensorData>();
    bySite.forEach((site, places) -> state.put(SiteBrick.name(site, suffix), TensorData.of(places, places.length)));
    return state;
  }

  /**
   * Takes over what {@link #state} gave.
   *
   * @throws FailureException if a site's places are missing, of another number, out of its weight, or twice there
   */
  void restore(String suffix, Map<String, TensorData> state) {
    Set<String> names = new HashSet<>();
    for (Site site : List.copyOf(bySite.keySet())) {
      String name = SiteBrick.name(site, suffix);
      names.add(name);
      TensorData data = state.get(name);
      List<Long> shape = List.of((long) at(site).length);
      if (data == null || data.dtype() != Dtype.I64 || !data.shape().equals(shape)) {
        throw new FailureException("expected " + name + " to be I64 " + shape + " in a brick, found "
            + (data == null ? "none of that name" : data.toString()) + ": the brick was made with other options");
      }
      long size = (long) site.out() * site.in();
      long[] places = data.longs();
      var seen = new HashSet<Long>();
      for (long place : places) {
        if (place < 0 || place >= size || !seen.add(place)) {
          throw new FailureException("expected places from 0 to " + (size - 1) + ", each once, in " + name + ", found "
              + place + (place >= 0 && place < size ? " twice" : ""));
        }
      }
      bySite.put(site, places);
    }
    if (!names.containsAll(state.keySet())) {
      throw new FailureException(
          "expected the fixed tensors " + names + " in a brick, found " + state.keySet() + ": it was made for other sites");
    }
  }
}
