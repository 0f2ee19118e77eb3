#version 440
// BGRA pictures and premultiplied signs. What is not live is grey and a third darker, as on the raster surface.
layout(location = 0) in vec2 v_texture_place;
layout(location = 1) in vec4 v_how;
layout(location = 0) out vec4 colour;
layout(binding = 0) uniform sampler2D picture;

void main()
{
    if (v_how.w > 0.5) {
        colour = vec4(0.0, 0.0, 0.0, 1.0);
        return;
    }
    vec4 found = texture(picture, v_texture_place);
    if (v_how.z > 0.5)
        found = found.bgra;
    if (v_how.y < 0.5)
        found.a = 1.0;
    if (v_how.x > 0.5)
        found.rgb = vec3(dot(found.rgb, vec3(0.344, 0.5, 0.156))) * (1.0 - 90.0 / 255.0);
    colour = found;
}
