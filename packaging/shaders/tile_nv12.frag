#version 440
// NV12 pictures (BT.709, video range) for slots that hold what the decoder made: brightness in one texture, colour in another.
layout(location = 0) in vec2 v_texture_place;
layout(location = 1) in vec4 v_how;
layout(location = 0) out vec4 colour;
layout(binding = 0) uniform sampler2D brightness;
layout(binding = 1) uniform sampler2D tint;

void main()
{
    float y = (texture(brightness, v_texture_place).r - 16.0 / 255.0) * (255.0 / 219.0);
    vec2 c = (texture(tint, v_texture_place).rg - 128.0 / 255.0) * (255.0 / 224.0);
    vec3 found = vec3(y + 1.5748 * c.y, y - 0.1873 * c.x - 0.4681 * c.y, y + 1.8556 * c.x);
    if (v_how.x > 0.5)
        found = vec3(y) * (1.0 - 90.0 / 255.0);
    colour = vec4(clamp(found, 0.0, 1.0), 1.0);
}
