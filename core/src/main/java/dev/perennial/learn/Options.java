package dev.perennial.learn;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/** interim */
public final class Options {
  private Options() {}
  /** interim */
  public static void check(Method<?> m, Map<String, String> o) {
    build(m.defaults(), o);
  }
  /** interim */
  @SuppressWarnings("unchecked")
  public static Learner learner(Method<?> m, Map<String, String> o, LearnerContext c) {
    return ((Method<Record>) m).learner((Record) build(m.defaults(), o), c);
  }
  /** interim */
  public static Map<String, Object> effective(Method<?> m, Map<String, String> o) {
    var map = new LinkedHashMap<String, Object>();
    flat((Record) build(m.defaults(), o), map);
    return map;
  }
  private static void flat(Record r, Map<String, Object> map) {
    try {
      for (RecordComponent c : r.getClass().getRecordComponents()) {
        Object v = c.getAccessor().invoke(r);
        if (v instanceof Record n) { flat(n, map); } else { map.put(c.getName(), v instanceof Enum<?> e ? e.name() : v); }
      }
    } catch (ReflectiveOperationException e) { throw new IllegalStateException(e); }
  }
  private static Object build(Record d, Map<String, String> o) {
    try {
      var args = new ArrayList<Object>();
      var types = new ArrayList<Class<?>>();
      for (RecordComponent c : d.getClass().getRecordComponents()) {
        types.add(c.getType());
        Object v = c.getAccessor().invoke(d);
        String s = o.get(c.getName());
        if (v instanceof Record n) { args.add(build(n, o)); }
        else if (s == null) { args.add(v); }
        else if (v instanceof Integer) { args.add(Integer.valueOf(s)); }
        else if (v instanceof Double) { args.add(Double.valueOf(s)); }
        else if (v instanceof Boolean) { args.add(Boolean.valueOf(s)); }
        else { args.add(s); }
      }
      var k = d.getClass().getDeclaredConstructor(types.toArray(new Class<?>[0]));
      k.setAccessible(true);
      return k.newInstance(args.toArray());
    } catch (ReflectiveOperationException e) { throw new IllegalStateException(e); }
  }
}
